vcl 4.1;

# Varnish on fe01.de.example.net. Written by hextet from the estate streaming: change it there.

import std;

backend nginx {
    .host = "::1";
    .port = "8080";
}

# Who is believed about the client, one hop.
acl proxies {
    "127.0.0.1"/32;
    "198.51.100.11"/32;
    "198.51.100.12"/32;
    "198.51.100.101"/32;
    "198.51.100.102"/32;
    "::1"/128;
    "2001:db8:172:1:b:c:d:e"/128;
    "2001:db8:172:2:b:c:d:e"/128;
    "2001:db8:fff0:f::fe01"/128;
    "2001:db8:fff0:f::fe02"/128;
}

# Who may PURGE: this machine, and whom the policy lets in on port 6081.
acl purgers {
    "127.0.0.1"/32;
    "198.51.100.11"/32;
    "198.51.100.101"/32;
    "198.51.100.102"/32;
    "::1"/128;
    "2001:db8:172:1:b:c:d:e"/128;
    "2001:db8:fff0:f::fe01"/128;
    "2001:db8:fff0:f::fe02"/128;
}

sub vcl_recv {
    # varnishd has put the peer behind whatever X-Forwarded-For came.
    if (req.restarts == 0 && req.esi_level == 0) {
        if (client.ip ~ proxies) {
            set req.http.X-Forwarded-For = regsub(req.http.X-Forwarded-For, ",[^,]*$", "");
            set req.http.X-Forwarded-For = regsub(req.http.X-Forwarded-For, "^.*[, \t]", "");
            set req.http.X-Forwarded-For = std.ip(req.http.X-Forwarded-For, client.ip, resolve = false);
            set req.http.X-Forwarded-For = regsub(req.http.X-Forwarded-For, "^::ffff:([0-9.]+)$", "\1");
        } else {
            set req.http.X-Forwarded-For = client.ip;
            set req.http.X-Forwarded-Proto = "http";
            unset req.http.X-Unique-ID;
        }
        unset req.http.Forwarded;
        unset req.http.X-Real-IP;
    }
    set req.http.Host = std.tolower(regsub(req.http.Host, ":[0-9]*$", ""));
    if (req.method == "PURGE") {
        if (std.ip(req.http.X-Forwarded-For, "0.0.0.0", resolve = false) !~ purgers) {
            return (synth(403));
        }
        return (purge);
    }
    # Any other method would be piped: what follows in such a connection reaches the backend unseen.
    if (req.method !~ "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$") {
        return (synth(405));
    }
}

sub vcl_synth {
    if (resp.status == 301) {
        set resp.http.Location = resp.reason;
        set resp.reason = "Moved Permanently";
    }
}

# One PURGE removes what was fetched for http and for https.
sub vcl_backend_response {
    if (beresp.http.Vary) {
        set beresp.http.Vary = beresp.http.Vary + ", X-Forwarded-Proto";
    } else {
        set beresp.http.Vary = "X-Forwarded-Proto";
    }
}
