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
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradio import Blocks

    from mmbimodal.apis.trial import Limits

HOST = '127.0.0.1'
# Generated test pairs of a seed that no training has seen. Neither modality of the
# first one is enough; in the second one RGB turns dark.
EXAMPLES = dict(push='S002C001P002R001A008', handshake='S003C001P003R002A003')
SEED, SIZE = 1, (144, 192)
# Every ten minutes, uploads and pictures that are older than an hour are removed.
CLEANING = (600, 3600)
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
    """Where this process keeps all its files, those of Gradio in a folder within."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix='mmbimodal-demo-') as folder:
        tempfile.tempdir = folder
        os.environ['GRADIO_TEMP_DIR'] = str(Path(folder, 'gradio'))
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before
            del os.environ['GRADIO_TEMP_DIR']


def generate_examples(folder: Path) -> dict[str, dict[str, str]]:
    """Action → modality → path of a generated video."""
    from mmbimodal.datasets.synthetic import Settings, make_clip
    from mmbimodal.datasets.synthetic.files import write_video

    workshop = folder / 'unfinished'
    workshop.mkdir(parents=True)
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
        from mmbimodal.apis import MMBimodalInferencer

        self.modalities, self.limits = modalities, limits
        self.load = cache(partial(MMBimodalInferencer, device=device))
        self.lock = threading.Lock()

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
                trial = try_pair(
                    self.load(model), given, by_name[variation], brightness / 100
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
    """A figure as a picture of Pillow."""
    from PIL import Image

    from mmbimodal.visualization import save_png

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'strips.png')
        save_png(figure, path)
        with Image.open(path) as picture:
            return picture.convert('RGB')


def build_page(
    models: dict[str, list[str]], folder: Path, limits: 'Limits', device: str | None
) -> 'Blocks':
    """The page, not yet served.

    Args:
        models (dict[str, list[str]]): Model → modalities.
        folder (Path): Where the examples are to be, which everybody may read.
        limits (Limits): Of an upload.
        device (str, optional): Where the models run.
    """
    import gradio as gr

    from mmbimodal.apis.trial import all_variations
    from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES

    # Copies of them would be removed like uploads.
    gr.set_static_paths([folder])
    names = list(dict.fromkeys(name for x in models.values() for name in x))
    examples = generate_examples(folder)
    choices = [str(x) for x in all_variations(names)]
    with gr.Blocks(
        analytics_enabled=False, title='mmbimodal', delete_cache=CLEANING
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


def serve(page: 'Blocks', port: int | None, megabytes: float) -> str:
    """Start the server of a page; its address."""
    import gradio as gr
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from mmbimodal.errors import InputError

    # Pages of other hosts cannot pass for this one by naming its address.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, 'localhost'])
    try:
        _, url, _ = page.launch(
            server_name=HOST,
            server_port=port,
            share=False,
            ssr_mode=False,
            quiet=True,
            prevent_thread_lock=True,
            max_file_size=int(megabytes * 2**20),
            footer_links=[],
            app_kwargs=dict(middleware=[hosts]),
            # Fonts of the machine: nothing is fetched from elsewhere.
            theme=gr.themes.Default(font=['system-ui'], font_mono=['monospace']),
        )
    except OSError as error:
        raise InputError(
            f'port {port} of {HOST} is not free: name another one as --port'
        ) from error
    return url


def main(args: argparse.Namespace) -> None:
    from mmbimodal.apis.trial import Limits, models_of_videos
    from mmbimodal.errors import InputError

    limits = Limits(args.max_size, args.max_length)
    models = models_of_videos(args.models)
    with temporary_folder() as folder:
        try:
            import gradio  # noqa: F401  it makes a folder, too
        except ImportError as error:
            raise InputError(
                f"the page needs Gradio ({error}): pip install '.[demo]'"
            ) from error
        page = build_page(models, folder / 'examples', limits, args.device)
        url = serve(page, args.port, args.max_size)
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
