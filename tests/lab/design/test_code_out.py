"""A design becomes ordinary code that every checker passes, and that runs as the design does."""

import pytest
from designs import designs, drawn_story, examples, fault_plans, opened, story
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legend_lab.core.errors import DesignError
from legend_lab.lab.design.code import to_code
from legend_lab.lab.design.model import Design
from legend_lab.lab.design.naming import CONTEXT
from legend_lab.lab.design.templates import TEMPLATES


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(designs, st.data())
def test_code_runs_as_the_design_does_whatever_goes_wrong(design, data):
    faults = data.draw(fault_plans(design))
    with opened(to_code(design)) as module:
        context = getattr(module, design.name + CONTEXT)
        assert story(module.saga, context(), faults) == drawn_story(design, faults)


def test_a_design_without_steps_says_what_it_needs():
    with pytest.raises(DesignError, match="needs a step"):
        to_code(Design())
