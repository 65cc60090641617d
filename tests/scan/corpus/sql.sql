-- SPDX-License-Identifier: Apache-2.0

-- Columns.

CREATE TABLE access_log (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,                       -- fine: integer-column
    client_ip VARCHAR(15) NOT NULL,                             -- hit: short-column
    requested_at TIMESTAMP
);

CREATE TABLE access_log (
    client_ip VARCHAR(45) NOT NULL                              -- fine: short-column
);

CREATE TABLE `sessions` (
    `ip_address` varchar(16) DEFAULT '0' NOT NULL               -- hit: short-column
);

CREATE TABLE person (
    address VARCHAR(40),                                        -- fine: short-column
    shipping_address VARCHAR(30),                               -- fine: short-column
    zip CHAR(5),                                                -- fine: short-column
    phone VARCHAR(15)                                           -- fine: short-column
);

CREATE TABLE visitor (
    ip CHAR(15),                                                -- hit: short-column
    port INT                                                    -- fine: integer-column
);

ALTER TABLE users ADD COLUMN last_login_ip VARCHAR(20) NULL;    -- hit: short-column

ALTER TABLE users ALTER COLUMN last_ip TYPE inet USING last_ip::inet; -- fine: short-column

ALTER TABLE users MODIFY "REMOTE_ADDR" VARCHAR2(15 CHAR);       -- hit: short-column

ALTER TABLE users MODIFY remote_addr VARCHAR2(45 CHAR);         -- fine: short-column

CREATE TABLE bans (
    ip INT UNSIGNED NOT NULL,                                   -- hit: integer-column
    reason TEXT
);

CREATE TABLE bans (
    ip VARBINARY(16) NOT NULL,                                  -- fine: integer-column
    reason TEXT
);

CREATE TABLE network (
    ip_from BIGINT,                                             -- hit: integer-column
    ip_to BIGINT,                                               -- hit: integer-column
    country CHAR(2)
);

CREATE TABLE person (
    address_id INTEGER REFERENCES address(id),                  -- fine: integer-column
    ip_count INTEGER                                            -- fine: integer-column
);

CREATE TABLE hosts (ip inet NOT NULL, mac macaddr);             -- fine: short-column, integer-column

ip_address NUMBER(10) NOT NULL,                                 -- hit: integer-column

-- ip INT was the column's type                                 -- fine: integer-column
SELECT count(*) FROM bans;

-- Functions.

SELECT * FROM bans WHERE ip = INET_ATON('192.0.2.1');           -- hit: sql-inet-aton

SELECT INET_NTOA(ip) AS address FROM bans;                      -- hit: sql-inet-aton

SELECT inet6_ntoa(ip) AS address FROM bans;                     -- fine: sql-inet-aton

INSERT INTO bans (ip) VALUES (INET6_ATON('2001:db8::1'));       -- fine: sql-inet-aton

SELECT 'INET_ATON(x)' AS help;                                  -- fine: sql-inet-aton

SELECT * FROM access_log WHERE client_ip LIKE '192.168.%';      -- hit: sql-text

SELECT * FROM access_log WHERE client_ip << inet '192.168.0.0/16'; -- fine: sql-text

SELECT * FROM app WHERE version LIKE '10.0.%';                  -- fine: sql-text

SELECT SUBSTRING_INDEX(client_ip, '.', 3) AS net, count(*) FROM access_log GROUP BY 1; -- hit: sql-text

SELECT SUBSTRING_INDEX(hostname, '.', -2) AS domain FROM access_log; -- fine: sql-text

SELECT split_part(ip, '.', 1) FROM access_log;                  -- hit: sql-text

SELECT split_part(email, '@', 2) FROM person;                   -- fine: sql-text

SELECT * FROM access_log WHERE client_ip ~ '^([0-9]{1,3}\.){3}[0-9]{1,3}$'; -- hit: ipv4-regex

SELECT * FROM access_log WHERE family(client_ip) = 4;           -- fine: ipv4-regex

SELECT * FROM app WHERE version REGEXP '^[0-9]+\\.[0-9]+$';     -- fine: ipv4-regex

INSERT INTO firewall (source, action) VALUES ('0.0.0.0/0', 'accept'); -- hit: everything

INSERT INTO firewall (source, action) VALUES ('0.0.0.0/0', 'accept'), ('::/0', 'accept'); -- fine: everything

SELECT regexp_replace(host(client_ip::inet), '\.\d+$', '.0');   -- hit: last-octet
