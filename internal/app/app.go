// Package app puts the parts together: it is the only package that knows all
// of them. Commands parse flags, call a function here, and print.
package app

import "gander/internal/detect"

// Detectors are the detectors every event passes, live or scanned: those about
// gander itself, the rules of the account and of paths, and what is known of
// sessions. LiveRules is one of them, for whoever runs for long to Check.
func Detectors(d Dirs, paths ...string) (detect.Set, *LiveRules, error) {
	own, err := ownRules(d)
	if err != nil {
		return nil, nil, err
	}
	return DetectorsFor(d.Rules(paths...), own...)
}
