"""What holds for all tests: hypothesis draws the same examples everywhere, and numeric libraries keep to one thread each."""

import os

import hypothesis

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

hypothesis.settings.register_profile("paliflow", max_examples=40, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("paliflow")
