// Package archtest holds the tests that keep the house in order: who may import whom, and what no file may contain.
//
// In go the sources of the whole module, parsed and not built; out come failures that name the line, the rule and its reason.
// The rules of imports are the tables in rules_test.go, those of the sources in source_test.go. To change one, change its line and
// its reason there, and docs/architecture.md. There is no code here besides tests.
package archtest
