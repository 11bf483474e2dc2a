"""A web page on which a model names the action of a pair of videos.

The page opens on this machine alone, at http://127.0.0.1:7860 or the next free port,
until Ctrl-C. It needs Gradio: pip install '.[demo]'.

    demo.py
    demo.py staf_synth --port 8000

Uploads and pictures lie in a temporary folder, which is removed at the end.
"""

import argparse
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradio import Blocks

    from mmbimodal.apis import MMBimodalInferencer
    from mmbimodal.apis.trial import Limits

HOST = '127.0.0.1'
# Generated test pairs of a seed that no training has seen. Neither modality of the
# first one is enough; in the second one RGB turns dark.
EXAMPLES = dict(push='S002C001P002R001A008', handshake='S003C001P003R002A003')
SEED, SIZE = 1, (144, 192)
INTRODUCTION = """# What happens in this pair of videos?
Upload a video of each modality, or pick an example. The model names the action, shows
what it looked at, and says what it would think if it saw less. A file may have
{0.megabytes:g} MB and {0.seconds:g} s."""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'models',
        nargs='*',
        metavar='MODEL',
        help='names of released models (default: all that see videos)',
    )
    parser.add_argument(
        '--port', type=int, help='port to listen on (default: a free one from 7860 on)'
    )
    parser.add_argument(
        '--max-size',
        type=float,
        default=50.0,
        metavar='MB',
        help='size of an upload (default: 50)',
    )
    parser.add_argument(
        '--max-length',
        type=float,
        default=60.0,
        metavar='S',
        help='length of a video in seconds (default: 60)',
    )
    parser.add_argument('--device', help='default: the accelerator where there is one')
    return parser.parse_args()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Where this process, Gradio included, keeps all its files."""
    with tempfile.TemporaryDirectory(prefix='mmbimodal-demo-') as folder:
        tempfile.tempdir = os.environ['GRADIO_TEMP_DIR'] = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = None
            del os.environ['GRADIO_TEMP_DIR']


def generate_examples(folder: Path) -> dict[str, dict[str, str]]:
    """Action → modality → path of a generated video."""
    from mmbimodal.datasets.synthetic import Settings, make_clip
    from mmbimodal.datasets.synthetic.files import write_video

    workshop = folder / 'unfinished'
    workshop.mkdir()
    pairs: dict[str, dict[str, str]] = {action: {} for action in EXAMPLES}
    for action, sample_id in EXAMPLES.items():
        clip = make_clip(sample_id, Settings(SEED, SIZE, 'default'))
        for name, film in clip.films.items():
            path = folder / f'{action}-{name}.avi'
            write_video(path, film.frames, workshop)
            pairs[action][name] = str(path)
    return pairs


class Handler:
    """Answers the page's requests, one at a time.

    Args:
        modalities (Sequence[str]): Those that the page has files of.
        limits (Limits): Of an upload.
        device (str, optional): Where the models run.
    """

    def __init__(
        self, modalities: Sequence[str], limits: 'Limits', device: str | None
    ) -> None:
        self.modalities, self.limits, self.device = modalities, limits, device
        self.load = cache(self._load)
        self.lock = threading.Lock()

    def _load(self, model: str) -> 'MMBimodalInferencer':
        from mmbimodal.apis import MMBimodalInferencer

        return MMBimodalInferencer(model, device=self.device, show_progress=False)

    def __call__(
        self, model: str, variation: str, brightness: float, *files: str | None
    ) -> tuple[dict[str, float], Any, list[list[str]], str]:
        """Bars, film strips, opinions and notes for the page.

        Args:
            model (str): Its name.
            variation (str): One of those that the page offers.
            brightness (float): Of a darkened modality, in per cent.
            files (str, optional): Paths of the uploads, by modality.
        """
        import gradio as gr

        from mmbimodal.apis.trial import all_variations, check_upload, try_pair
        from mmbimodal.errors import InputError

        given = {name: path for name, path in zip(self.modalities, files) if path}
        by_name = {str(x): x for x in all_variations(self.modalities)}
        try:
            for path in given.values():
                check_upload(path, self.limits)
            with self.lock:
                inferencer = self.load(model)
                trial = try_pair(
                    inferencer, given, by_name[variation], brightness / 100
                )
                picture = _to_picture(trial.figure)
        except InputError as error:
            sentence = str(error)
            for path in given.values():  # where files lie is nobody's business
                sentence = sentence.replace(path, Path(path).name)
            raise gr.Error(sentence, duration=None, print_exception=False) from error
        bars = {x['class']: x['score'] for x in trial.prediction['top_k']}
        rows = [[seen, name, f'{score:.0%}'] for seen, name, score in trial.opinions]
        notes = [f'Note: {note}.' for note in trial.notes]
        return bars, picture, rows, '\n\n'.join(notes)


def _to_picture(figure: Any) -> Any:
    """A figure as a picture of Pillow, of less than 300 kB as PNG."""
    from PIL import Image

    from mmbimodal.visualization import save_png

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'strips.png')
        save_png(figure, path)
        with Image.open(path) as picture:
            return picture.convert('RGB')


def build_page(
    models: dict[str, list[str]],
    examples: dict[str, dict[str, str]],
    limits: 'Limits',
    device: str | None,
) -> 'Blocks':
    """The page, not yet served.

    Args:
        models (dict[str, list[str]]): Model → modalities.
        examples (dict[str, dict[str, str]]): Action → modality → path.
        limits (Limits): Of an upload.
        device (str, optional): Where the models run.
    """
    import gradio as gr

    from mmbimodal.apis.trial import all_variations
    from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES

    names = list(dict.fromkeys(name for x in models.values() for name in x))
    choices = [str(x) for x in all_variations(names)]
    # Uploads and pictures older than an hour are removed every ten minutes.
    with gr.Blocks(
        analytics_enabled=False, title='mmbimodal', delete_cache=(600, 3600)
    ) as page:
        gr.Markdown(INTRODUCTION.format(limits))
        with gr.Row():
            with gr.Column(scale=2):
                model = gr.Dropdown([*models], label='Model', interactive=True)
                files = [
                    gr.File(label=name, file_types=sorted(VIDEO_SUFFIXES), height=130)
                    for name in names
                ]
                gallery = gr.Examples(
                    [[pair.get(name) for name in names] for pair in examples.values()],
                    files,
                    label='Examples',
                    example_labels=[*examples],
                    cache_examples=False,
                )
                variation = gr.Radio(choices, value=choices[0], label='The pair is')
                brightness = gr.Slider(
                    0, 100, 10, step=5, label='Brightness of what is darkened, %'
                )
                button = gr.Button('Recognise', variant='primary')
            with gr.Column(scale=5):
                bars = gr.Label(num_top_classes=5, label='Action')
                strips = gr.Image(
                    format='png', show_label=False, buttons=['download', 'fullscreen']
                )
                opinions = gr.Dataframe(
                    headers=['What it sees', 'Action', 'Score'],
                    label='Fused and single opinions',
                    interactive=False,
                )
                notes = gr.Markdown()
        inputs = [model, variation, brightness, *files]
        outputs = [bars, strips, opinions, notes]
        answer = Handler(names, limits, device)
        button.click(answer, inputs, outputs, api_name='recognise')
        for event in (
            variation.input,
            brightness.release,
            gallery.load_input_event.then,
        ):
            event(answer, inputs, outputs, api_visibility='private')
    return page


def main(args: argparse.Namespace) -> None:
    from mmbimodal.apis.trial import Limits, models_of_videos
    from mmbimodal.errors import InputError

    limits = Limits(args.max_size, args.max_length)
    models = models_of_videos(args.models)
    with temporary_folder() as folder:
        try:
            import gradio as gr  # it makes a folder, too
        except ImportError as error:
            raise InputError(
                f"the page needs Gradio ({error}): pip install '.[demo]'"
            ) from error
        page = build_page(models, generate_examples(folder), limits, args.device)
        try:
            _, url, _ = page.launch(
                server_name=HOST,
                server_port=args.port,
                share=False,
                ssr_mode=False,
                quiet=True,
                prevent_thread_lock=True,
                max_file_size=int(args.max_size * 2**20),
                footer_links=[],
                # Fonts of the machine: nothing is fetched from elsewhere.
                theme=gr.themes.Default(font=['system-ui'], font_mono=['monospace']),
            )
        except OSError as error:
            raise InputError(
                f'port {args.port} of {HOST} is not free: name another one as --port'
            ) from error
        print(f'open {url} in a browser; Ctrl-C ends it', flush=True)
        try:
            threading.Event().wait()
        finally:
            page.close(verbose=False)


if __name__ == '__main__':
    arguments = parse_args()
    # Gradio asks its makers for news unless it is told not to.
    os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
