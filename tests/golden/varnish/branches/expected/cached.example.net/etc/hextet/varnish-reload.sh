#!/bin/sh
# Written by hextet from the estate branches: change it there.
# A restart empties the cache: only when the listeners have changed.
set -e
if [ "$(systemctl show --property=NeedDaemonReload --value varnish.service)" = yes ]; then
    systemctl daemon-reload
    exec systemctl restart varnish.service
fi
exec systemctl reload-or-restart varnish.service
