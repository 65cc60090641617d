# SPDX-License-Identifier: Apache-2.0
"""machines(estate, names=None, etc=()) builds a lab that lasts until the end of the module, see machines.py."""
import contextlib

import pytest
from machines import Machines


@pytest.fixture(scope="module")
def machines(hextet, tool, tmp_path_factory):
    with contextlib.ExitStack() as labs:
        yield lambda estate, names=None, etc=(): labs.enter_context(
            Machines(hextet, tool, tmp_path_factory.mktemp("lab"), estate, names, etc))
