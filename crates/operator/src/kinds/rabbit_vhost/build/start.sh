#!/bin/sh
# Starts RabbitMQ: it needs HOME and PINNACE_SETTINGS (rabbitmq.conf and enabled_plugins), and of the image only RabbitMQ's own programs and a
# shell.
set -eu
umask 077

# Debian's program in the path is for root and its own user; this one is what it runs.
program=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$program" ] || program=rabbitmq-server
# Of one broker alone, which nobody joins: another at each start is as good.
mkdir -p "$HOME"
rm -f "$HOME/.erlang.cookie"
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$HOME/.erlang.cookie"
chmod 0400 "$HOME/.erlang.cookie"

export RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_CONFIG_FILE="$PINNACE_SETTINGS/rabbitmq.conf"
export RABBITMQ_ENABLED_PLUGINS_FILE="$PINNACE_SETTINGS/enabled_plugins"
export RABBITMQ_LOG_BASE="$HOME/log" RABBITMQ_LOGS=-
export RABBITMQ_GENERATED_CONFIG_DIR="$HOME/config" RABBITMQ_SCHEMA_DIR="$HOME/schema"
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
export ERL_EPMD_ADDRESS=127.0.0.1
# So that the script becomes the broker and hears itself when it is told to stop.
export RUNNING_UNDER_SYSTEMD=true
exec "$program"
