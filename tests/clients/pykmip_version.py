"""A plug-in of pytest: the client that PyKMIP's tests are given speaks the version that is asked for.

PyKMIP's tests leave the version to the client, whose default is 1.2.
"""

import os

import pytest
from kmip.core import enums


@pytest.fixture(autouse=True)
def speaks(request):
    """Sets the version of the client that the test's class was given."""
    version = "KMIP_" + os.environ["PYKMIP_VERSION"].replace(".", "_")
    request.cls.client.kmip_version = getattr(enums.KMIPVersion, version)
