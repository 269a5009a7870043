#!/bin/sh
# RabbitMQ with its management API, started as the official "management" image does it.
#
#   command    rabbitmq-server, or rabbitmqctl, rabbitmq-diagnostics, ...
#   user       999
#   data       /var/lib/rabbitmq
#   RABBITMQ_DEFAULT_USER, RABBITMQ_DEFAULT_PASS, RABBITMQ_DEFAULT_VHOST are for the first start
#   RABBITMQ_ERLANG_COOKIE
set -eu
export PATH="/usr/lib/rabbitmq/bin:$PATH" LANG=C.UTF-8 HOME=/var/lib/rabbitmq
if [ -n "${RABBITMQ_ERLANG_COOKIE:-}" ] && [ ! -e "$HOME/.erlang.cookie" ]; then
    printf %s "$RABBITMQ_ERLANG_COOKIE" >"$HOME/.erlang.cookie"
    chmod 600 "$HOME/.erlang.cookie"
fi
exec "$@"
