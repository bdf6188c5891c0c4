"""From a request (spec, target, format, options, environment) to a run that is ready, started or proved.

The one door for the command, for Python and for a service: knows neither arguments nor the process's environment.
"""

from datagen.job.job import Handle, Job, check, compute, prepare, start
from datagen.job.options import Options
from datagen.job.request import Request

__all__ = ["Handle", "Job", "Options", "Request", "check", "compute", "prepare", "start"]
