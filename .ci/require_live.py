"""A pytest plugin: with REQUIRE_LIVE=1 what would be skipped fails, so that nothing counts as tested that was not."""

import os

import pytest


def strict(report):
    """Turns the report of a skipped test, or of a skipped file, into a failure."""
    if os.environ.get("REQUIRE_LIVE") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{reason}, and REQUIRE_LIVE=1"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return strict((yield))
