# Who the client was. Written by hextet.
require "ipaddr"

# An address; ::ffff:a.b.c.d is a.b.c.d. nil for what is none.
def hextet_address(text)
  ip = IPAddr.new(text)
  ip.ipv6? && ip.ipv4_mapped? ? ip.native : ip
rescue IPAddr::Error
  nil
end

# 8 digits of HAProxy's unique id are IPv4, 32 are IPv6.
def hextet_hex(digits)
  hextet_address(digits.size == 8 ? digits.scan(/../).map(&:hex).join(".") : digits.scan(/..../).join(":"))
end

def register(params)
end

def filter(event)
  ip = hextet_address(event.get("client_ip"))
  if ip
    event.set("client_ip", ip.to_s)
    # What is counted and banned: an IPv4 address, an IPv6 /64.
    event.set("client_net", ip.ipv4? ? "#{ip}/32" : "#{ip.mask(64)}/64")
  else
    event.remove("client_ip")
    event.tag("_hextet_address")
  end
  %w[client_port status bytes duration_ms].each do |name|
    event.set(name, event.get(name).to_i) if event.get(name)
  end
  id = event.get("unique_id")
  m = /\A(\h{32}|\h{8}):(\h{4})_(\h{32}|\h{8}):(\h{4})_\h+_\h+:\h+\z/.match(id.to_s)
  if m
    event.set("id_client_ip", hextet_hex(m[1]).to_s)
    event.set("id_client_port", m[2].hex)
    event.set("id_frontend_ip", hextet_hex(m[3]).to_s)
    event.set("id_frontend_port", m[4].hex)
  elsif id == "-" || id == ""
    event.remove("unique_id")
  elsif id
    event.tag("_hextet_unique_id")
  end
  [event]
end
