package claudecode

import (
	"path/filepath"
	"strings"
)

// TranscriptDir returns the directory that holds the transcripts of all
// projects. ConfigDir is what CLAUDE_CONFIG_DIR says, or empty.
func TranscriptDir(home, configDir string) string {
	return filepath.Join(configOf(home, configDir), "projects")
}

// maxProjectName is the longest name the client uses as it is; it cuts a longer
// one and appends a hash.
const maxProjectName = 200

// TranscriptPath returns where, below dir, the client keeps the transcript of a
// session that began in cwd. Its subagents' transcripts lie in a directory of
// the same name without ".jsonl". The path is empty where it cannot be told: for
// a session id that is no file's name, and for a cwd of over 200 characters. A
// session that moved elsewhere took its transcript along; its payloads name it.
func TranscriptPath(dir, cwd, session string) string {
	name := projectName(cwd)
	if session == "" || strings.ContainsAny(session, `/\`+"\x00") || len(name) > maxProjectName {
		return ""
	}
	return filepath.Join(dir, name, session+".jsonl")
}

// projectName replaces every character but ASCII letters and digits. The
// client counts in UTF-16, so that a character beyond U+FFFF becomes two.
func projectName(cwd string) string {
	var b strings.Builder
	for _, r := range cwd {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			b.WriteRune(r)
		case r > 0xffff:
			b.WriteString("--")
		default:
			b.WriteByte('-')
		}
	}
	return b.String()
}

// SettingsPath returns the settings file of the user. ConfigDir is what
// CLAUDE_CONFIG_DIR says, or empty.
func SettingsPath(home, configDir string) string {
	return filepath.Join(configOf(home, configDir), "settings.json")
}

func configOf(home, configDir string) string {
	if configDir != "" {
		return configDir
	}
	return filepath.Join(home, ".claude")
}
