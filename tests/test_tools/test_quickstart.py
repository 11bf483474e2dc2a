"""Which stages of the quickstart run, and which are done before."""

import json

import pytest


@pytest.fixture
def quickstart(load_tool, tmp_path, monkeypatch):
    """The tool with stages that only note that they run."""
    tool = load_tool('quickstart.py')
    monkeypatch.setattr(tool, 'SECONDS', tmp_path / 'seconds.json')

    def stages(done):
        ran = []
        for name, stage in tool.STAGES.items():
            fake = stage._replace(
                run=lambda name=name: ran.append(name),
                is_done=lambda name=name: name in done,
            )
            monkeypatch.setitem(tool.STAGES, name, fake)
        seconds = tool.run_stages()
        assert json.loads(tool.SECONDS.read_text()) == seconds
        assert list(seconds) == ran
        return ' '.join(ran)

    return stages


@pytest.mark.parametrize(
    'done, ran',
    [
        ('', 'predict generate train test draw'),
        ('predict', 'generate train test draw'),
        # the training does not stand on the predictions
        ('generate train test draw', 'predict'),
        ('predict generate test draw', 'train test draw'),
        ('generate train', 'predict test draw'),
    ],
)
def test_what_follows_a_stage_that_ran_is_out_of_date(quickstart, done, ran, capsys):
    assert quickstart(done.split()) == ran
    out = capsys.readouterr().out
    assert [
        x.partition(':')[0].split()[-1] for x in out.splitlines() if '/5 ' in x
    ] == (ran.split())
    assert out.count('done before') == 5 - len(ran.split())
