import argparse

import pytest


class Parsed(Exception):
    """Carries a parser out of ``parse_args``."""


@pytest.mark.parametrize(
    'script',
    [
        'data/prepare.py',
        'data/check_pairs.py',
        'data/infar/prepare.py',
        'data/ntu60/prepare.py',
        'data/synth/generate.py',
    ],
)
def test_every_argument_of_the_data_tools_has_a_help_text(
    load_tool, monkeypatch, script
):
    def carry(parser, argv=None):
        raise Parsed(parser)

    monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', carry)
    with pytest.raises(Parsed) as caught:
        load_tool(script).parse_args()
    (parser,) = caught.value.args
    assert not [action.dest for action in parser._actions if not action.help]
    parser.format_help()  # a stray "%" would stop --help
