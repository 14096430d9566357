import pytest
from scripted import WAYS, Way


@pytest.fixture(params=WAYS)
def way(request):
    """Each way that a run can take through the driver: all of them must keep the contract."""
    return Way(request.param)
