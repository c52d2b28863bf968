package main

import (
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
)

func TestInstanceOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]struct {
		app   string
		index int
	}{"hello/0": {"hello", 0}, "hello/12": {"hello", 12}, "hello": {"hello", 0}, "org/hello/3": {"org/hello", 3}} {
		if app, index, err := parseInstance(arg); err != nil || app != want.app || index != want.index {
			t.Errorf("%s: %s, %d, %v, want %v", arg, app, index, err, want)
		}
	}
	for _, arg := range []string{"", "/0", "hello/", "hello/x", "hello/-1", "hello/99999999999"} {
		if _, _, err := parseInstance(arg); exitCode(err) != exitUsage {
			t.Errorf("%q: %v, want a usage error", arg, err)
		}
	}
}

func TestOfCrashesOnlyTheLastIsLookedAtAndNoneBesideALivingInstance(t *testing.T) {
	t.Parallel()
	found := func(index, since int, state protocol.State, id string) protocol.FoundInstance {
		return protocol.FoundInstance{Index: protocol.Int(index), StateTimestamp: int64(since), State: state, Instance: id}
	}
	var got []string
	for _, in := range newest([]protocol.FoundInstance{
		found(1, 10, protocol.Crashed, "early"), found(0, 30, protocol.Crashed, "late"), found(1, 20, protocol.Crashed, "last"),
		found(0, 20, protocol.Running, "running"), found(0, 25, protocol.Starting, "starting"), found(2, 1, protocol.Running, "only"),
	}) {
		got = append(got, in.Instance)
	}
	if want := "starting running last only"; strings.Join(got, " ") != want {
		t.Errorf("newest = %q, want %q", got, want)
	}
}
