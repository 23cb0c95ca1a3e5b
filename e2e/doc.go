// Package e2e runs the real programs with the real client: a pinned Claude
// Code, played to by a stand-in for the model, with gander's hooks installed
// and its watcher running.
//
// The tests need the build tag e2e and, the first time, the npm registry;
// GANDER_E2E_CACHE names where clients are kept, else .cache/clients of the
// repository. They are skipped for one reason only: npm is missing or its
// registry does not answer. Nothing leaves the machine: the only address the
// client knows is on loopback.
package e2e
