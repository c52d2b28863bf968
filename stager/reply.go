package stager

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/minicf/minicf/protocol"
)

// How much room a reply's texts get, in bytes of JSON. A message of more than 1 MiB would be refused by the bus, and the user would
// wait for an answer in vain.
const (
	maxErrorJSON   = 128 << 10
	maxTaskLogJSON = 768 << 10
)

// newReply returns the answer to a task: without an error key when err is nil.
func newReply(id, log string, err error) protocol.StagingReply {
	rep := protocol.StagingReply{TaskID: id, TaskLog: shorten(log, maxTaskLogJSON)}
	if err != nil {
		rep.Error = shorten(replyText(err), maxErrorJSON)
	}
	return rep
}

// shorten cuts out the middle of a text that needs more than limit bytes as JSON: how it began and how it ended say most.
func shorten(text string, limit int) string {
	if len(text)*6 <= limit || jsonLen(text) <= limit { // no byte needs more than \u0000
		return text
	}
	for keep := len(text) / 2; ; keep = keep * 3 / 4 {
		head, tail := text[:runeStart(text, keep/2)], text[runeStart(text, len(text)-keep/2):]
		short := fmt.Sprintf("%s\n(%d bytes are left out here)\n%s", head, len(text)-len(head)-len(tail), tail)
		if jsonLen(short) <= limit {
			return short
		}
	}
}

// runeStart is the first index at or after i that does not split a character.
func runeStart(text string, i int) int {
	for i < len(text) && !utf8.RuneStart(text[i]) {
		i++
	}
	return i
}

func jsonLen(text string) int {
	b, _ := json.Marshal(text) // a string has no way to fail
	return len(b)
}
