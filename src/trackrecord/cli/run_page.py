"""One run laid out for a terminal."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from trackrecord.cli.experiments import print_experiment
from trackrecord.cli.grid import GridColumn, print_grid, print_line
from trackrecord.cli.marks import goal_mark, state_text
from trackrecord.cli.numbers import count_of, format_number, format_size, format_value, one_line
from trackrecord.cli.printed import printed_text
from trackrecord.cli.times import format_ago, format_duration, format_moment
from trackrecord.query.console import ConsolePage
from trackrecord.words.ids import short_id
from trackrecord.words.records import ExperimentRecord, MetricFigures, RunDetail

#: so many of the last lines that a run printed are shown
LAST_LINES = 10


class RunPage:
    """Prints a run, section by section; a section with nothing to say is left out."""

    def __init__(
        self,
        console: Console,
        detail: RunDetail,
        experiment: ExperimentRecord | None,
        printed: ConsolePage,
        *,
        unicode: bool,
        all_metrics: bool,
        whole_environment: bool,
    ) -> None:
        self.console = console
        self.detail = detail
        self.run = detail.record
        self.experiment = experiment
        self.printed = printed
        self.unicode = unicode
        self.all_metrics = all_metrics
        self.whole_environment = whole_environment

    def print(self) -> None:
        """Print everything."""
        self._head()
        self._experiment()
        self._texts()
        self._params()
        self._summary()
        self._metrics()
        self._media()
        self._artifacts()
        self._related()
        self._environment()
        self._problems()
        self._console()
        self._traceback()

    def _head(self) -> None:
        run = self.run
        title = Text()
        title.append(one_line(run.name), "bold")
        title.append("  ")
        title.append_text(state_text(run.state, unicode=self.unicode))
        if self.run.exit_code:
            title.append(f" (exit code {self.run.exit_code})", "red")
        print_line(self.console, title)
        when = f"{format_moment(run.created)}, {format_ago(run.created)}"
        facts: dict[str, Any] = {
            "id": run.id,
            "project": run.project,
            "experiment": run.experiment,
            "group": run.group,
            "tags": ", ".join(run.tags) or None,
            "created": when,
            "duration": format_duration(run.duration_s),
            "by": f"{run.user or '?'} on {run.host or '?'}" if run.user or run.host else None,
            "command": shlex.join(self.detail.command) if self.detail.command else None,
            "points": f"{run.points:,}"
            + ("" if run.last_step is None else f", last step {format_value(run.last_step)}"),
        }
        self._pairs({key: value for key, value in facts.items() if value is not None}, indent=2)

    def _experiment(self) -> None:
        if self.experiment is not None:
            self._heading("Experiment")
            print_experiment(self.console, self.experiment, indent=2)

    def _texts(self) -> None:
        for title, text in (("Hypothesis", self.run.hypothesis), ("Notes", self.run.notes)):
            if text:
                self._heading(title)
                self._paragraph(text)

    def _params(self) -> None:
        if self.run.params:
            self._heading("Params")
            self._pairs(self.run.params, indent=2)
        for key, values in self.detail.param_conflicts.items():
            said = ", ".join(format_value(value) for value in values)
            print_line(self.console, f"  {one_line(key)} was set more than once: {said}", "yellow")

    def _summary(self) -> None:
        if self.run.summary:
            self._heading("Summary")
            self._pairs(self.run.summary, indent=2)

    def _metrics(self) -> None:
        all_figures = list(self.run.metrics.values())
        shown = [each for each in all_figures if self.all_metrics or not each.key.startswith("system/")]
        if shown:
            self._heading("Metrics")
            shown.sort(key=lambda each: (not (each.contract is not None and each.contract.primary), each.key))
            hidden = print_grid(self.console, self._figure_columns(shown), indent=2)
            if hidden:
                print_line(self.console, f"  no room for {', '.join(hidden)}", "dim")
        if len(shown) < len(all_figures):
            more = count_of(len(all_figures) - len(shown), "metric")
            print_line(self.console, f"  and {more} of the system (--metrics shows them)", "dim")

    def _figure_columns(self, figures: Sequence[MetricFigures]) -> list[GridColumn]:
        columns = [
            GridColumn("metric", [self._metric_name(each) for each in figures], weight=100, may_shrink=True),
            GridColumn(
                "points", [Text(f"{each.points:,}", "dim") for each in figures], right=True, weight=40
            ),
        ]
        for name, weight in (("first", 50), ("last", 90), ("min", 60), ("max", 61)):
            cells = [_number(getattr(each, name)) for each in figures]
            columns.append(GridColumn(name, cells, right=True, weight=weight))
        if any(each.best is not None for each in figures):
            cells = [Text() if each.best is None else _number(each.best, "bold green") for each in figures]
            columns.append(GridColumn("best", cells, right=True, weight=95))
            steps = [Text("" if each.best_step is None else format_value(each.best_step)) for each in figures]
            columns.append(GridColumn("at step", steps, right=True, weight=80))
        if any(each.nonfinite for each in figures):
            cells = [Text(f"{each.nonfinite:,}" if each.nonfinite else "", "yellow") for each in figures]
            columns.append(GridColumn("NaN, inf", cells, right=True, weight=70))
        return columns

    def _metric_name(self, figures: MetricFigures) -> Text:
        contract = figures.contract
        name = Text(one_line(figures.key))
        if contract is not None:
            name.append(goal_mark(contract.goal, unicode=self.unicode))
            if contract.unit:
                name.append(f" [{one_line(contract.unit)}]", "dim")
            if contract.primary:
                name.stylize("bold")
        return name

    def _media(self) -> None:
        if self.detail.media:
            self._heading("Media")
            self._pairs(
                {
                    each.key: f"{count_of(each.entries, each.kind)}, last at step {format_value(each.last_step)}"
                    for each in self.detail.media
                },
                indent=2,
            )

    def _artifacts(self) -> None:
        artifacts = self.detail.artifacts
        if not artifacts:
            return
        self._heading("Artifacts")
        print_grid(
            self.console,
            [
                GridColumn(
                    "name", [Text(one_line(each.name)) for each in artifacts], weight=100, may_shrink=True
                ),
                GridColumn("version", [Text(f"v{each.version}") for each in artifacts], weight=90),
                GridColumn("kind", [Text(one_line(each.kind)) for each in artifacts], weight=70),
                GridColumn(
                    "size", [Text(format_size(each.size)) for each in artifacts], right=True, weight=80
                ),
                GridColumn(
                    "files", [Text(f"{len(each.files):,}") for each in artifacts], right=True, weight=50
                ),
                GridColumn("digest", [Text(each.digest[:19], "dim") for each in artifacts], weight=40),
            ],
            indent=2,
        )

    def _related(self) -> None:
        facts = {}
        if self.run.parent:
            facts["inside of"] = short_id(self.run.parent)
        if self.detail.forked_from:
            run, step = self.detail.forked_from
            facts["forked from"] = f"{short_id(run)} at step {format_value(step)}"
        for child in self.detail.children:
            facts[f"contains {short_id(child.id)}"] = f"{one_line(child.name)}, {child.state}"
        if facts:
            self._heading("Other runs")
            self._pairs(facts, indent=2)

    def _environment(self) -> None:
        environment = self.detail.environment
        facts = dict(_environment_facts(environment))
        packages = environment.get("packages")
        if isinstance(packages, Mapping) and packages:
            facts["packages"] = f"{len(packages):,}" + (
                "" if self.whole_environment else " (--environment lists them)"
            )
        if facts:
            self._heading("Environment")
            self._pairs(facts, indent=2)
        if self.whole_environment and isinstance(packages, Mapping):
            self._pairs(packages, indent=4)

    def _problems(self) -> None:
        if self.detail.problems:
            self._heading("Problems", "bold yellow")
            for each in self.detail.problems:
                times = f" ({each.count:,} times)" if each.count > 1 else ""
                self._paragraph(each.message + times)

    def _console(self) -> None:
        if not self.printed.lines:
            return
        text = printed_text("".join(line.text for line in self.printed.lines))
        left_out = self.printed.total - len(self.printed.lines)
        self._heading(
            "Console" + (f", the last {LAST_LINES} of {self.printed.total:,} lines" if left_out else "")
        )
        for line in text.split("\n", allow_blank=False):
            print_line(self.console, Text("  ").append_text(line))

    def _traceback(self) -> None:
        if self.detail.traceback:
            self._heading("Traceback", "bold red")
            for line in printed_text(self.detail.traceback.rstrip()).split("\n"):
                print_line(self.console, Text("  ").append_text(line))

    def _heading(self, title: str, style: str = "bold") -> None:
        print_line(self.console)
        print_line(self.console, title, style)

    def _paragraph(self, text: str) -> None:
        clean = printed_text(text.strip()).plain
        self.console.print(Padding(Text(clean), (0, 0, 0, 2), expand=False))

    def _pairs(self, pairs: Mapping[str, Any], *, indent: int) -> None:
        names = [one_line(key) for key in pairs]
        width = max((Text(name).cell_len for name in names), default=0)
        for name, value in zip(names, pairs.values(), strict=True):
            line = Text(" " * indent)
            line.append(name + " " * (width - Text(name).cell_len), "dim")
            line.append("  ")
            line.append(format_value(value))
            print_line(self.console, line)


def _number(value: float, style: str = "") -> Text:
    return Text(format_number(value), style=style if math.isfinite(value) else "yellow")


def _environment_facts(environment: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    git = environment.get("git")
    if isinstance(git, Mapping) and git.get("commit"):
        text = str(git["commit"])[:12]
        if git.get("branch"):
            text += f" on {git['branch']}"
        if git.get("dirty"):
            text += ", with changes that are not committed"
        yield "git", text
    python = environment.get("python")
    if isinstance(python, Mapping) and python.get("version"):
        where = python.get("environment") or python.get("executable")
        yield (
            "python",
            f"{python.get('implementation') or 'Python'} {python['version']}"
            + (f" in {where}" if where else ""),
        )
    host = environment.get("host")
    if isinstance(host, Mapping):
        said = [str(host[key]) for key in ("name", "system") if host.get(key)]
        if isinstance(host.get("cpus"), int):
            said.append(count_of(host["cpus"], "CPU"))
        if isinstance(host.get("memory_bytes"), int):
            said.append(f"{format_size(host['memory_bytes'])} of memory")
        if said:
            yield "host", ", ".join(said)
    process = environment.get("process")
    if isinstance(process, Mapping) and process.get("folder"):
        yield "folder", str(process["folder"])
