# GitLab on {{ machine.name }}. Written by hextet from the estate {{ estate.name }}: change it there.
# Read by gitlab.rb, in its last line: from_file '/etc/gitlab/hextet.rb'

{% if url %}
external_url '{{ url }}'
{% endif %}
{% if registry %}
registry_external_url '{{ registry }}'
{% endif %}

# One listener a family; nginx wants IPv6 in brackets. What is inside (puma, registry) stays on the IPv4 loopback.
# Whose X-Forwarded-For is believed; the right-most address that is none of these is the client.
{% for s in services %}
{{ s.name }}['listen_addresses'] = [{% for h in hosts %}{{ ", " if not loop.first }}'{{ h }}'{% endfor %}]
{{ s.name }}['redirect_http_to_https'] = {{ "true" if redirect else "false" }}
{{ s.name }}['real_ip_header'] = 'X-Forwarded-For'
{{ s.name }}['real_ip_recursive'] = 'on'
{{ s.name }}['real_ip_trusted_addresses'] = [
{% for p in estate.trusted_proxies %}
  '{{ p | cidr }}',
{% endfor %}
]
{% if s.only is not none %}
# For these clients only{{ "" if s.only else ": nobody" }}.
{{ s.name }}['custom_gitlab_server_config'] = '{% for p in s.only %}allow {{ p | cidr }}; {% endfor %}deny all;'
{% endif %}

{% endfor %}
gitlab_rails['trusted_proxies'] = [
{% for p in estate.trusted_proxies %}
  '{{ p | cidr }}',
{% endfor %}
]

# Who may read /-/health and /-/metrics: this machine and the monitoring.
gitlab_rails['monitoring_whitelist'] = [
{% for p in monitoring %}
  '{{ p | cidr }}',
{% endfor %}
]
