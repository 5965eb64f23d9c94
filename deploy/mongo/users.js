// Run once by the mongo image, as root, when the database is new: each service gets a user of its
// own, which reaches the service's own database only. Name and password are those of the service's
// database URL, so that they are kept in one place.
const fs = require('fs');

for (const service of ['coupon', 'tracking']) {
  const url = fs.readFileSync(`/run/secrets/${service}_database_url`, 'utf8').trim();
  const credentials = url.match(/^mongodb:\/\/([^:/@]+):([^:/@]+)@/);
  if (!credentials) {
    throw new Error(`${service}_database_url is not like mongodb://USER:PASSWORD@HOST/`);
  }
  db.getSiblingDB('admin').createUser({
    user: decodeURIComponent(credentials[1]),
    pwd: decodeURIComponent(credentials[2]),
    roles: [
      { role: 'readWrite', db: service },
      // For changing an index's options in a migration.
      { role: 'dbAdmin', db: service },
    ],
  });
}
