"""What the settings say of scenarios and recordings, for every run."""

from proxy.recordings.recorder import in_file
from proxy.runs.runs import Runs
from proxy.scenarios.files import Files
from proxy.scenarios.load import ScenarioError
from proxy.scenarios.player import Nothing, Player
from proxy.settings import Settings, SettingsError


def start(runs: Runs, settings: Settings) -> Files | None:
    """Give every run its player, and a recorder where a file is recorded; the files to watch. Raises SettingsError."""
    if settings.record and settings.on_miss not in (None, "record"):
        raise SettingsError([f"--record records what no rule answers, and --on-miss {settings.on_miss} leaves nothing"])
    # A file that is recorded may come to be by that; what is added to it is not played before the next start.
    known = [path for path in settings.scenario if path != settings.record or path.exists()]
    try:
        files = Files(known, settings.record) if known else None
        if settings.record is not None:
            runs.record_all(in_file(settings.record, settings.record_from))
    except ScenarioError as error:
        raise SettingsError([str(problem) for problem in error.problems]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"--record {settings.record}: this file is not UTF-8"]) from None
    except OSError as problem:
        raise SettingsError([f"--record {settings.record}: {problem.filename}: {problem.strerror}"]) from None
    source = files or Nothing()
    runs.play_in_all(lambda: Player(source, settings.on_miss))
    return files
