"""placeholder replaced within minutes"""
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class B(BuildHookInterface):
    PLUGIN_NAME = "custom"
