"""The commands; `python -m testcluster --help` prints them."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from testcluster import building, images
from testcluster.cluster import Cluster
from testcluster.layout import ClusterError, Layout


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    layout = Layout.read(os.environ, options.state)
    cluster = Cluster(layout, say)
    try:
        COMMANDS[options.command](options, layout, cluster)
    except ClusterError as exc:
        print(f"testcluster: {exc}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="testcluster", description="A real Kubernetes on this machine, for tests.")
    whole.add_argument("--state", type=Path, help="folder of the cluster, made by up and removed by down")
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the programs that are missing in the cache")
    up = commands.add_parser("up", help="start a cluster and print where its kubeconfig is")
    up.add_argument("--control-plane-only", action="store_true", help="no node, on loopback, without root")
    up.add_argument("--no-images", action="store_true", help="leave our images for a later `images --load`")
    making = commands.add_parser("images", help="build images whose inputs have changed and print their archives")
    making.add_argument("names", nargs="*", help="such as controller or postgres; none: all")
    making.add_argument("--load", action="store_true", help="also load them into the cluster that is up")
    commands.add_parser("down", help="end the cluster and remove all of it")
    commands.add_parser("status", help="what runs")
    commands.add_parser("env", help="print the exports of KUBECONFIG and PATH")
    load = commands.add_parser("load", help="load images from OCI or Docker archives")
    load.add_argument("archives", nargs="+", type=Path)
    for word, help_text in (("kill", "end one program of the cluster at once"), ("start", "start it again")):
        commands.add_parser(word, help=help_text).add_argument("program")
    return whole


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _build(_: argparse.Namespace, layout: Layout, __: Cluster) -> None:
    building.build(layout, say)


def _up(options: argparse.Namespace, layout: Layout, cluster: Cluster) -> None:
    building.build(layout, say, building.MODULES[:1] if options.control_plane_only else building.MODULES)
    if cluster.is_up():
        say("a cluster is up already")
    else:
        _start_up(cluster, alone=options.control_plane_only)
    if not options.control_plane_only and not options.no_images:
        _load_images(layout, cluster, ())
    _env(options, layout, cluster)


def _start_up(cluster: Cluster, *, alone: bool) -> None:
    try:
        if alone:
            cluster.up_alone()
        else:
            cluster.up()
    except BaseException:
        say(f"the start failed; what ran is ended, and its logs are in {cluster.fail()}")
        raise


def _images(options: argparse.Namespace, layout: Layout, cluster: Cluster) -> None:
    if options.load:
        _load_images(layout, cluster, options.names)
        return
    for built in images.build(layout, say, options.names):
        print(built.archive)


def _load_images(layout: Layout, cluster: Cluster, names: Sequence[str]) -> None:
    for built in images.build(layout, say, names):
        if cluster.load_once(built.archive):
            say(f"loaded {built.archive.name}")
        cluster.call_also(built.name, images.others(built.name))


def _down(_: argparse.Namespace, __: Layout, cluster: Cluster) -> None:
    cluster.down()


def _status(_: argparse.Namespace, __: Layout, cluster: Cluster) -> None:
    for process in cluster.processes.known():
        state = f"{process.memory() >> 20} MiB" if process.lives() else "ENDED"
        print(f"{process.name:<20} pid {process.pid:<8} {state}")


def _env(_: argparse.Namespace, layout: Layout, cluster: Cluster) -> None:
    if not cluster.is_up():
        raise ClusterError("no cluster is up; `make cluster-up` starts one")
    print(f"export KUBECONFIG={layout.kubeconfig}")
    print(f'export PATH="{building.program_folders(layout)["kubernetes"]}:$PATH"  # kubectl of the same version')


def _load(options: argparse.Namespace, _: Layout, cluster: Cluster) -> None:
    for archive in options.archives:
        cluster.load(archive.resolve())


def _kill(options: argparse.Namespace, _: Layout, cluster: Cluster) -> None:
    process = cluster.processes.require(options.program)
    os.kill(process.pid, signal.SIGKILL)


def _start(options: argparse.Namespace, _: Layout, cluster: Cluster) -> None:
    cluster.processes.start_again(options.program)


COMMANDS = {
    "build": _build,
    "up": _up,
    "images": _images,
    "down": _down,
    "status": _status,
    "env": _env,
    "load": _load,
    "kill": _kill,
    "start": _start,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
