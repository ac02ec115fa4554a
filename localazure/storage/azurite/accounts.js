// Loaded before Azurite (node --require): the accounts and their keys are read from the file that the local Azure
// keeps (LOCALAZURE_ACCOUNTS, in Azurite's own notation "name:key1:key2;…"), anew whenever it has changed. Azurite
// itself reads them from its environment, which nobody can change from outside.
//
// The kernel may say SIGTERM several times when the local Azure dies (once for each of its threads). Azurite minds the
// first, and would die of the second before it has saved what it was told.
"use strict";
const fs = require("fs");
const path = require("path");

const file = process.env.LOCALAZURE_ACCOUNTS;
const home = path.dirname(process.env.LOCALAZURE_AZURITE);
const store = require(path.join(home, "../common/AccountDataStore.js")).default.prototype;
const getAccount = store.getAccount;
let read = "";

store.getAccount = function (name) {
  const text = fs.readFileSync(file, "utf8");
  if (text !== read || this.accountsOf !== text) {
    read = this.accountsOf = text;
    this.accounts = this.parserAccountsEnvironmentString(text);
  }
  return getAccount.call(this, name);
};
store.refresh = function () {};

process.on("SIGTERM", () => setTimeout(() => process.exit(1), 10000).unref());
