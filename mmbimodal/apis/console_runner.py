import logging
import re
from pathlib import Path
from typing import ClassVar

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import Runner

# Modules of mmengine, and ours, that tell how far a run is.
_PROGRESS = ('logger_hook', 'checkpoint_hook')
_EVENTS = re.compile('Load checkpoint|resumed epoch|Auto resumed|Early stopping')
_OUTSIDE_OUR_POWER = re.compile(
    'The prefix is not set|"FileClient" will be deprecated|"HardDiskBackend" is'
)


def is_progress(record: logging.LogRecord) -> bool:
    """Whether a line of mmengine's log is shown without ``--verbose``."""
    text = record.getMessage()
    if record.levelno > logging.INFO:
        return not _OUTSIDE_OUR_POWER.match(text)
    if record.module in _PROGRESS:
        return not text.startswith('Exp name')
    return bool(_EVENTS.match(text))


class ConsoleRunner(Runner):
    """mmengine's ``Runner`` that shows progress, results and where they are.

    The log file holds everything: environment, configuration, hooks.

    Attributes:
        verbose (bool): Show that on the console, too. Defaults to False.
    """

    verbose: ClassVar[bool] = False

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """mmengine's logger; its console handler drops what is no progress."""
        logger = super().build_logger(*args, **kwargs)
        if not self.verbose:
            for handler in logger.handlers:
                if not isinstance(handler, logging.FileHandler):
                    handler.addFilter(is_progress)
        return logger

    def train(self):
        """Train, and say where the checkpoints are."""
        model = super().train()
        saved = self.message_hub.runtime_info
        places = dict(best=saved.get('best_ckpt'), last=saved.get('last_ckpt'))
        self._report(
            {f'{name} checkpoint': path for name, path in places.items() if path}
        )
        return model

    def test(self) -> dict[str, float]:
        """Test, and print the metrics as a table."""
        metrics = super().test()
        self._report({name: f'{value:.4f}' for name, value in metrics.items()})
        return metrics

    def _report(self, rows: dict[str, object]) -> None:
        """Print names and values, the log last."""
        if not is_main_process():
            return
        log = Path(self.log_dir) / f'{self.timestamp}.log'
        rows |= dict(log=log)
        width = max(map(len, rows))
        for name, value in rows.items():
            print(f'{name:{width}}  {value}')
