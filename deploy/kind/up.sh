#!/usr/bin/env bash
# From nothing to a signed-in board on this machine, with Docker, kind and kubectl. May be run again after a change.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in docker kind kubectl; do
    command -v "$tool" >/dev/null || { echo "$tool is needed; see docs/guides/deploy.md" >&2; exit 1; }
done

case $(docker info --format '{{.Architecture}}') in
x86_64 | amd64) ;;
*) echo "The image of OpenCode is for x86-64 alone; see deploy/images/README.md." >&2; exit 1 ;;
esac

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' backend/opm/__init__.py)
overlay=deploy/kustomize/overlays/kind
kube=(kubectl --context kind-opm)

images=()
for name in controller sidecar opencode; do
    # kind cannot load an image that carries attestations
    BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build -f "deploy/images/$name.Dockerfile" -t "opm-$name:$version" .
    images+=("opm-$name:$version")
done

clusters=$(kind get clusters)
if [ ! -e "$overlay/secrets/tls.key" ]; then  # the last that is written
    if grep -x opm >/dev/null <<<"$clusters"; then
        echo "There is a cluster, and its passwords are not in $overlay/secrets. Take it away: make kind-down" >&2
        exit 1
    fi
    rm -rf "$overlay/secrets"
    docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/$overlay:/overlay" "opm-controller:$version" \
        deploy secrets /overlay/secrets --tls opencode.local --tls keycloak.opencode.local
fi

grep -x opm >/dev/null <<<"$clusters" || kind create cluster --config deploy/kind/cluster.yaml --wait 180s
kind load docker-image --name opm "${images[@]}"

known=$("${kube[@]}" -n opencode get deployment opm-controller --ignore-not-found -o name)
"${kube[@]}" apply -k "$overlay"
# Images keep their tag here, so what was built anew is taken up by a restart.
[ -z "$known" ] || "${kube[@]}" -n opencode rollout restart deployment/opm-controller
for what in statefulset/postgres deployment/redis statefulset/keycloak deployment/opm-controller; do
    "${kube[@]}" -n opencode rollout status "$what" --timeout=10m
done
"${kube[@]}" -n traefik rollout status deployment/traefik --timeout=5m

cat <<TEXT

  https://opencode.local is served. Sign in as alice, with the password not-for-production-alice.

  Both names have to lead to this machine; /etc/hosts needs:
      127.0.0.1 opencode.local keycloak.opencode.local
  The browser asks about the certificate once for each of https://opencode.local and
  https://keycloak.opencode.local:8443, unless you let it trust $overlay/secrets/ca.crt.

  Take all of it away: make kind-down
TEXT
