// Prints what Node finds of names and interfaces: the same natively and behind the gateway.
import dns from "node:dns";
import os from "node:os";

const lookup = (name, options) => dns.promises.lookup(name, options).catch((error) => error.code);
for (const name of ["www.example.test", "www", "fromfile", "localhost", "missing.invalid"]) {
  console.log(name, JSON.stringify(await lookup(name, { all: true })));
}
console.log(await dns.promises.lookupService("192.0.2.7", 25));
console.log(await dns.promises.resolve4("www.example.test"), await dns.promises.resolveTxt("text.example.test"));
console.log(await dns.promises.resolve("missing.invalid").catch((error) => error.code));
console.log(JSON.stringify(os.networkInterfaces()));
