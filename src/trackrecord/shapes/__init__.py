"""The shapes of docs/api.md, which the HTTP API and ``--json`` share: one class a shape, in files by what they are of.

A class is what goes over the wire: times are texts, numbers that JSON can't hold are texts. ``rows`` makes them from
the values of ``words.records``; the document at ``/api/v1/openapi.json`` is derived from them.
"""

from __future__ import annotations

from trackrecord.shapes.changes import Change, ChangedRun, Hello, StoreInfo
from trackrecord.shapes.curves import (
    Curve,
    Curves,
    GroupLine,
    GroupQuestion,
    RunChoice,
    SeriesName,
    SeriesQuestion,
    SmoothingQuestion,
)
from trackrecord.shapes.groups import GroupFigures, GroupPage, RunGroup
from trackrecord.shapes.logged import Console, ConsoleLine, MediaEntry, MediaPage
from trackrecord.shapes.names import Completion, Completions, NameNode, NamePage
from trackrecord.shapes.projects import (
    Column,
    Columns,
    Contract,
    Experiment,
    ParamColumn,
    Primary,
    Project,
    ProjectDetail,
    ProjectPage,
)
from trackrecord.shapes.runs import (
    Artifact,
    ArtifactFile,
    Comparison,
    ComparisonLine,
    Fork,
    MediaSeries,
    MetricInfo,
    MetricValues,
    Problem,
    RelatedRun,
    RunDetail,
    RunHead,
    RunPage,
    RunRow,
    Siblings,
    Writer,
)
from trackrecord.shapes.shape import Shape

__all__ = [
    "Artifact",
    "ArtifactFile",
    "Change",
    "ChangedRun",
    "Column",
    "Columns",
    "Comparison",
    "ComparisonLine",
    "Completion",
    "Completions",
    "Console",
    "ConsoleLine",
    "Contract",
    "Curve",
    "Curves",
    "Experiment",
    "Fork",
    "GroupFigures",
    "GroupLine",
    "GroupPage",
    "GroupQuestion",
    "Hello",
    "MediaEntry",
    "MediaPage",
    "MediaSeries",
    "MetricInfo",
    "MetricValues",
    "NameNode",
    "NamePage",
    "ParamColumn",
    "Primary",
    "Problem",
    "Project",
    "ProjectDetail",
    "ProjectPage",
    "RelatedRun",
    "RunChoice",
    "RunDetail",
    "RunGroup",
    "RunHead",
    "RunPage",
    "RunRow",
    "SeriesName",
    "SeriesQuestion",
    "Shape",
    "Siblings",
    "SmoothingQuestion",
    "StoreInfo",
    "Writer",
]
