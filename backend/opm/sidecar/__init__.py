"""The programs that run inside a pod. They share `opm.wire` with the controller and nothing else."""
