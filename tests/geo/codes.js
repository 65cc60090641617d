// SPDX-License-Identifier: Apache-2.0
// codes.js NODE_MODULES DATABASE < ADDRESSES — the country code of each address, "-" for none, and the length of its
// network, by the npm package maxmind.
const fs = require('fs');
const path = require('path');
const maxmind = require(path.join(process.argv[2], 'maxmind'));

maxmind.open(process.argv[3]).then((reader) => {
  const lines = fs.readFileSync(0, 'utf8').trimEnd().split('\n').map((address) => {
    const [record, length] = reader.getWithPrefixLength(address);
    return `${record ? record.country.iso_code : '-'} ${length}`;
  });
  process.stdout.write(lines.join('\n') + '\n');
});
