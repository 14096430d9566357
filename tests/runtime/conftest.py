import pytest
from scripted import WAYS, Way


@pytest.fixture(params=WAYS)
def way(request):
    """Each way that a run can take through the driver: all of them must keep the contract."""
    return Way(request.param)


def pytest_collection_modifyitems(config, items):
    """Leave the mutants out unless they are asked for (`-m mutation`): they run the tests many times over."""
    if "mutation" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("mutation")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
