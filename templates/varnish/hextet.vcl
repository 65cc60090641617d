vcl 4.1;

# Varnish on {{ machine.name }}. Written by hextet from the estate {{ estate.name }}: change it there.
{#
  client.ip is the peer: behind HAProxy always the loopback. So X-Forwarded-For is made canonical first, one address that
  no client can choose, and everything that depends on who asks looks at it, also PURGE.
#}

import std;

{% if backend %}
backend nginx {
    .host = "{{ backend.host }}";
    .port = "{{ backend.port }}";
}
{% else %}
# No role of this machine serves what is not in the cache: give it nginx, or override this template.
backend nobody none;
{% endif %}

# Who is believed about the client, one hop.
acl proxies {
{% for p in estate.trusted_proxies %}
    "{{ p | cidr | network }}"/{{ p | prefixlen }};
{% endfor %}
}

# Who may PURGE: this machine, and whom the policy lets in on port 6081.
acl purgers {
{% for p in purgers %}
    "{{ p | cidr | network }}"/{{ p | prefixlen }};
{% endfor %}
}
{% for o in only %}

# {{ o.name }} is for these clients only{{ "" if o.from else ": nobody" }}.
{% if o.from %}
acl only_{{ loop.index }} {
{% for p in o.from %}
    "{{ p | cidr | network }}"/{{ p | prefixlen }};
{% endfor %}
}
{% endif %}
{% endfor %}

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
{% for o in only %}
{% if o.from %}
    if (req.http.Host == "{{ o.name }}" && std.ip(req.http.X-Forwarded-For, "0.0.0.0", resolve = false) !~ only_{{ loop.index }}) {
{% else %}
    if (req.http.Host == "{{ o.name }}") {
{% endif %}
        return (synth(403));
    }
{% endfor %}
{% for name in redirect %}
    if (req.http.Host == "{{ name }}" && req.http.X-Forwarded-Proto == "http") {
        return (synth(301, "https://" + req.http.Host + req.url));
    }
{% endfor %}
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
