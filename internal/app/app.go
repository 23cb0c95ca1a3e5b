// Package app puts the parts together: it is the only package that knows all
// of them. Commands parse flags, call a function here, and print.
package app

import (
	"fmt"

	"gander/internal/detect"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// Detectors are the detectors every event passes, live or scanned.
func Detectors(d Dirs) (detect.Detector, error) {
	list, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("load the default rules: %w", err)
	}
	own, err := ownRules(d)
	if err != nil {
		return nil, err
	}
	list = append(list, own...)
	matcher, err := detect.NewRules(list, func(r *sigma.Rule) detect.Note { return detect.Note(rules.NoteOf(r)) })
	if err != nil {
		return nil, fmt.Errorf("compile the default rules: %w", err)
	}
	return detect.Set{new(detect.Integrity), new(detect.Flood), matcher}, nil
}
