"""Puts the built web page into every wheel, sdist and editable install.

`TRACKRECORD_BUILD_UI` chooses: `auto` (default) builds when the sources changed, `force` always builds,
`skip` never does; `trackrecord ui` then says how to get the page. Node is asked for from PyPI only if a build
is really needed and the machine has none: whoever installs a released wheel or sdist never downloads it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Builds start with neither this folder nor scripts/ on the path.
sys.path.insert(0, str(Path(__file__).parent / "scripts"))
from ui_build import NODE_WHEEL, UiBuild, UiBuildError, find_node

SWITCH = "TRACKRECORD_BUILD_UI"
SETTINGS = ("auto", "force", "skip")

FAILED = f"""\
The web page of Trackrecord could not be built: {{reason}}.
To install without the page, set {SWITCH}=skip and try again; everything else works.
Or install the released wheel, which holds the page: pip install trackrecord"""


class WebPageHook(BuildHookInterface[Any]):
    """Builds the page before hatchling collects the files, if it has to."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI only if this build needs it."""
        return [NODE_WHEEL] if self._decide()[0] and find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page; `version` is `editable` or `standard`."""
        must_build, reason = self._decide()
        self.app.display_info(f"web page: {reason} ({self.target_name}, {version})")
        if not must_build:
            return
        try:
            node = find_node()
            if node is None:
                # Only without build isolation, where nobody installs what dependencies() asks for.
                raise UiBuildError(f"no Node on PATH; install one, or {NODE_WHEEL!r} from PyPI")
            UiBuild(Path(self.root)).build(node)
        except UiBuildError as error:
            message = FAILED.format(reason=error)
            if version == "editable":
                self.app.display_warning(message)  # whoever works on the Python side can go on
            else:
                self.app.abort(message)

    def _decide(self) -> tuple[bool, str]:
        """Return whether to build, and why."""
        setting = os.environ.get(SWITCH, "auto")
        if setting not in SETTINGS:
            self.app.abort(f"{SWITCH} is {setting!r}; it may be {', '.join(SETTINGS)}.")
        page = UiBuild(Path(self.root))
        if setting == "skip":
            return False, f"left as it is, {SWITCH}=skip"
        if page.is_built() and Path(self.root, "PKG-INFO").is_file():
            return False, "came with the source distribution"
        if not (page.sources / "package.json").is_file():
            return False, "no sources for it here"
        if setting == "auto" and page.is_fresh():
            return False, "already built from these sources"
        return True, "to be built"
