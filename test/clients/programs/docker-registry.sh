REGISTRY=docker-registry
. "${BASH_SOURCE%/*}/distribution.sh"
