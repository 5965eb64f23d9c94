// The health check of the mongo container: healthy once it takes writes as a replica set's primary.
// It starts the replica set if that has not been done. Passwords are read here, not given as
// arguments, which other processes could see.
const fs = require('fs');

const admin = db.getSiblingDB('admin');
admin.auth('root', fs.readFileSync('/run/secrets/mongo_root_password', 'utf8').trim());
try {
  rs.status();
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') {
    throw error;
  }
  rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'mongo:27017' }] });
}
if (!db.hello().isWritablePrimary) {
  quit(1);
}
