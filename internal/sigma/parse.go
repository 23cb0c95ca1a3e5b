package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"gander/internal/alert"
)

// maxSource bounds a file of rules, in bytes.
const maxSource = 16 << 20

// Parse reads the rules of one YAML file, which may hold several documents.
// file is only for messages. It returns the rules that are sound and all
// errors of the others, joined; each is an [*Error].
func Parse(file string, src []byte) ([]*Rule, error) {
	p := &parser{file: file}
	if len(src) > maxSource {
		p.fail(1, fmt.Errorf("%d bytes: split it into files of at most %d", len(src), maxSource))
		return nil, errors.Join(p.errs...)
	}
	var rules []*Rule
	for dec := yaml.NewDecoder(bytes.NewReader(src)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.syntax(err)
			break
		}
		if r := p.document(&doc); r != nil {
			rules = append(rules, r)
		}
	}
	return rules, errors.Join(p.errs...)
}

// maxErrors bounds what is said about one file.
const maxErrors = 100

// A parser reads one file and keeps what is wrong with it.
type parser struct {
	file   string
	failed int // errors so far, kept or not
	errs   []error
}

func (p *parser) fail(line int, err error) {
	switch p.failed++; {
	case p.failed > maxErrors:
		return
	case p.failed == maxErrors:
		err = errors.New("too many errors, the rest are not shown: correct those above first")
	}
	p.errs = append(p.errs, &Error{File: p.file, Line: line, Err: err})
}

func (p *parser) errorf(n *yaml.Node, format string, args ...any) {
	p.fail(n.Line, fmt.Errorf(format, args...))
}

// syntax reports an error of the YAML reader, which has the line in its text.
func (p *parser) syntax(err error) {
	line := 1
	if _, scanErr := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); scanErr != nil {
		line = 1
	}
	p.fail(line, fmt.Errorf("not readable as YAML, the rest of the file is skipped: %w", err))
}

// document reads one YAML document; it returns nil when that is no sound rule.
func (p *parser) document(doc *yaml.Node) *Rule {
	n := doc
	if n.Kind == yaml.DocumentNode {
		n = n.Content[0]
	}
	if n = deref(n); n.ShortTag() == "!!null" {
		return nil // nothing between two separators
	}
	if n.Kind != yaml.MappingNode {
		p.errorf(n, "a rule is a map with title, logsource and detection, or with title and correlation: write one")
		return nil
	}
	before := p.failed
	r := &Rule{File: p.file, Line: n.Line, Level: alert.Medium}
	for key, value := range p.pairs(n, "the rule") {
		r.keys = append(r.keys, key.Value)
		p.section(r, key, value)
	}
	p.required(r, n)
	if p.failed > before {
		return nil
	}
	if r.ID == "" {
		r.ID = r.Title
	}
	return r
}

// section reads one top-level key of a rule.
func (p *parser) section(r *Rule, key, value *yaml.Node) {
	texts := map[string]*string{
		"id": &r.ID, "name": &r.Name, "title": &r.Title, "description": &r.Description,
		"status": &r.Status, "author": &r.Author, "date": &r.Date,
	}
	lists := map[string]*[]string{"tags": &r.Tags, "references": &r.References, "falsepositives": &r.FalsePositives}
	if text := texts[key.Value]; text != nil {
		*text = p.text(value, key.Value)
		return
	}
	if list := lists[key.Value]; list != nil {
		*list = p.texts(value, key.Value)
		return
	}
	switch key.Value {
	case "level":
		p.level(r, value)
	case "logsource":
		p.logsource(r, value)
	case "detection":
		p.detection(r, value)
	case "correlation":
		p.correlation(r, value)
	case "filter":
		p.filter(r, value)
	case "generate":
		p.generate(r, value)
	case "action":
		p.errorf(key, "collections by action are no longer Sigma: write each rule as a document of its own")
	case "taxonomy":
		if name := p.text(value, "taxonomy"); name != "sigma" {
			p.errorf(value, "taxonomy %q is not known: rewrite the rule with Sigma's own field names", name)
		}
	default:
		if r.Custom == nil {
			r.Custom = make(map[string]*yaml.Node)
		}
		r.Custom[key.Value] = value
	}
}

func (p *parser) level(r *Rule, n *yaml.Node) {
	level, err := alert.ParseLevel(p.text(n, "level"))
	if err != nil {
		p.errorf(n, "%w", err)
	}
	r.Level = level
}

func (p *parser) logsource(r *Rule, n *yaml.Node) {
	for key, value := range p.pairs(n, "logsource") {
		switch key.Value {
		case "category":
			r.Logsource.Category = p.text(value, "category")
		case "product":
			r.Logsource.Product = p.text(value, "product")
		case "service":
			r.Logsource.Service = p.text(value, "service")
		}
	}
	if r.Logsource == (Logsource{}) {
		p.errorf(n, "logsource names no category, product or service: add at least one")
	}
}

// required reports what the rule at n should have and has not.
func (p *parser) required(r *Rule, n *yaml.Node) {
	has := make(map[string]bool)
	for key := range mapPairs(n) {
		has[key.Value] = true
	}
	if strings.TrimSpace(r.Title) == "" {
		p.errorf(n, "the rule has no title: add one")
	}
	p.kind(n, has)
}

// kind reports a document that is none of Sigma's three kinds, or two at once.
func (p *parser) kind(n *yaml.Node, has map[string]bool) {
	switch {
	case has["correlation"] && (has["logsource"] || has["detection"] || has["filter"]):
		p.errorf(n, "a correlation has no logsource, detection or filter: those belong to the rules it names, each a document of its own")
	case has["detection"] && has["filter"]:
		p.errorf(n, "a filter has no detection: put its selections and its condition under filter")
	case has["correlation"]:
		return
	case !has["logsource"]:
		p.errorf(n, "the rule has no logsource: add one with a category, product or service")
	}
	if !has["correlation"] && !has["detection"] && !has["filter"] {
		p.errorf(n, "the rule has no detection: add one with selections and a condition")
	}
}
