"""Fixtures: the kernel under test for a module or for one test."""

import os

import pytest
from .starting import drain, enter, leave, start, stop


@pytest.fixture(autouse=True, scope="module")
def surroundings():
    """Keep the kernels' data apart, and see that the tests leave nothing open."""
    before = enter()
    had = len(os.listdir("/proc/self/fd"))
    yield
    leave(before)
    left = len(os.listdir("/proc/self/fd"))
    assert left - had < 150, f"{left - had} file descriptors were left open: each kernel costs dozens"


@pytest.fixture(scope="module")
def kernel(surroundings):
    """One kernel for the tests of a module."""
    km, kc = start()
    yield km, kc
    stop(km, kc)


@pytest.fixture
def fresh():
    """A kernel for one test that it may harm."""
    km, kc = start()
    yield km, kc
    stop(km, kc)


@pytest.fixture
def client(kernel):
    """The module's client with no message left to read."""
    _, kc = kernel
    drain(kc)
    return kc
