// SPDX-License-Identifier: Apache-2.0

// Boost and friends.

boost::asio::ip::tcp::acceptor acceptor(io, tcp::endpoint(tcp::v4(), 8080)); // hit: asio-v4

boost::asio::ip::tcp::acceptor acceptor(io, tcp::endpoint(tcp::v6(), 8080)); // fine: asio-v4
acceptor.set_option(boost::asio::ip::v6_only(false));

auto protocol = want6 ? udp::v6() : udp::v4();                  // fine: asio-v4

auto address = boost::asio::ip::make_address_v4(text);          // hit: asio-v4

auto address = boost::asio::ip::make_address(text);             // fine: asio-v4

std::regex ip_re(R"((\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}))"); // hit: ipv4-regex

std::regex time_re(R"((\d{1,2}):(\d{2}):(\d{2})\.(\d{3}))");    // fine: ipv4-regex

std::string url = "http://" + host + ":" + std::to_string(port); // hit: join-port

std::string name = Foo::Bar(x) + ":" + std::to_string(line);    // fine: join-port

auto pos = hostPort.find(':');                                  // hit: split-port
auto host = hostPort.substr(0, pos);

auto pos = hostPort.rfind(':');                                 // fine: split-port

auto key = line.substr(0, line.find(':'));                      // fine: split-port

QHostAddress any(QHostAddress::AnyIPv4);                        // hit: qt-ipv4
server.listen(any, port);

server.listen(QHostAddress::Any, port);                         // fine: qt-ipv4

sf::listen("0.0.0.0", port);                                    // hit: wildcard
auto handler = Foo::Bar::make();                                // fine: wildcard

log(Config::get("bind"), "std::string 0.0.0.0");                // hit: wildcard
throw std::runtime_error("Net::Bind failed");

std::unordered_map<uint32_t, Session> sessions_by_ip;           // hit: integer-address

std::unordered_map<uint32_t, Session> sessions_by_id;           // fine: integer-address

const char *const help = R"(gethostbyname(name) was removed)";  // fine: gethostbyname
