package record

import (
	"encoding/json"
	"strings"
	"testing"
)

var validCases = []string{
	``, ` `, `{}`, `[]`, `{} `, ` {}`, `{}x`, `{}{}`, `1`, `-1`, `01`, `1.`, `1.5`, `.5`, `1e5`, `1E+5`, `1e`, `-`, `--1`, `true`, `tru`, `truex`, `null`, `false`,
	`"a"`, `"a`, `"\n"`, `"\x"`, `"\u12g4"`, `"\u12`, `"\ud800"`, "\"\x00\"", "\"\x7f\"", "\"\xff\"", `"\`, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{1:2}`,
	`{"a":1 "b":2}`, `[1,2]`, `[1,]`, `[,1]`, `[1 2]`, `[}`, `{]`, `[[]`, `]`, `}`, `,`, `:`, `{"a":[{"b":[null,true,{"c":"d"}]}]}`, "{\n\t\"a\" :\r1 }", "\ufeff{}",
}

func TestValidJSONAgreesWithTheStandardLibrary(t *testing.T) {
	deep := []string{
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth),
	}
	for _, s := range append(deep, validCases...) {
		if got, want := validJSON([]byte(s)), json.Valid([]byte(s)); got != want {
			t.Errorf("%.60q: %t, want %t", s, got, want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, s := range validCases {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if got, want := validJSON(p), json.Valid(p); got != want {
			t.Errorf("%q: %t, want %t", p, got, want)
		}
	})
}

func BenchmarkValid(b *testing.B) {
	text := []byte(`{"content":"` + strings.Repeat(`some line of \"text\" with words in it\n`, 50000) + `"}`)
	for _, v := range []struct {
		name  string
		valid func([]byte) bool
	}{{"ours", validJSON}, {"encoding/json", json.Valid}} {
		b.Run(v.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				v.valid(text)
			}
		})
	}
}
