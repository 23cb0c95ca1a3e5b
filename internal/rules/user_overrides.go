package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"gander/internal/alert"
	"gander/internal/sigma"
)

// overridesFile is a map from rules' ids to a level, or to disabled.
const overridesFile = "overrides.yml"

const disabled = "disabled"

func readOverrides(dir string) (Overrides, error) {
	if dir == "" {
		return nil, nil
	}
	doc, err := overridesDocument(dir)
	if err != nil || doc == nil {
		return nil, err
	}
	path := filepath.Join(dir, overridesFile)
	out := make(Overrides)
	var errs []error
	wrong := func(n *yaml.Node, err error) {
		errs = append(errs, &sigma.Error{File: path, Line: n.Line, Err: err})
	}
	for i := 0; i+1 < len(doc.Content); i += 2 {
		key, value := doc.Content[i], doc.Content[i+1]
		_, twice := out[key.Value]
		level, err := alert.ParseLevel(value.Value)
		switch {
		case twice:
			wrong(key, fmt.Errorf("the rule %q is there twice: take one line out", key.Value))
		case value.Value == disabled:
			out[key.Value] = Override{Off: true, Line: key.Line}
		case err != nil:
			wrong(value, fmt.Errorf("%w, or disabled", err))
		default:
			out[key.Value] = Override{Level: level, Line: key.Line}
		}
	}
	return out, errors.Join(errs...)
}

// overridesDocument returns the map of the file, or nil when there is none.
func overridesDocument(dir string) (*yaml.Node, error) {
	path := filepath.Join(dir, overridesFile)
	src, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return nil, &sigma.Error{File: path, Line: 1, Err: fmt.Errorf("not readable as YAML: %w", err)}
	}
	if doc.Kind == 0 || doc.Content[0].ShortTag() == "!!null" {
		return nil, nil
	}
	if n := doc.Content[0]; n.Kind != yaml.MappingNode {
		return nil, &sigma.Error{File: path, Line: n.Line, Err: errors.New("this must be a map from ids to a level or disabled, like \"id: low\"")}
	}
	return doc.Content[0], nil
}

// Disable writes into the overrides of a configuration directory that a rule is
// to raise nothing.
func Disable(dir, id string) error {
	return edit(dir, func(doc *yaml.Node) {
		remove(doc, id)
		doc.Content = append(doc.Content, scalar(id), scalar(disabled))
	})
}

// Enable takes what is written about a rule out of the overrides again, also
// its level.
func Enable(dir, id string) error {
	return edit(dir, func(doc *yaml.Node) { remove(doc, id) })
}

func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

func remove(doc *yaml.Node, id string) {
	for i := 0; i+1 < len(doc.Content); {
		if doc.Content[i].Value == id {
			doc.Content = append(doc.Content[:i], doc.Content[i+2:]...)
			continue
		}
		i += 2
	}
}

// edit changes the overrides; readers see the old file or the new one.
func edit(dir string, change func(doc *yaml.Node)) error {
	if _, err := readOverrides(dir); err != nil {
		return err
	}
	doc, err := overridesDocument(dir)
	if err != nil {
		return err
	}
	if doc == nil {
		doc = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", HeadComment: "What is changed of rules: the id, and a level or disabled."}
	}
	doc.Style = 0 // one line each, however it was written
	change(doc)
	var out bytes.Buffer
	if err := yaml.NewEncoder(&out).Encode(doc); err != nil {
		return fmt.Errorf("write overrides: %w", err)
	}
	return replace(filepath.Join(dir, overridesFile), out.Bytes())
}

func replace(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write overrides: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".overrides-*")
	if err != nil {
		return fmt.Errorf("write overrides: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone once it has its name
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write overrides: %w", err)
	}
	return nil
}
