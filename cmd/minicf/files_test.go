package main

import "testing"

func TestListingIsReadFromTheRight(t *testing.T) {
	t.Parallel()
	got := parseListing("app/                                         -\nhas space                                   3B\n" +
		"a-name-that-is-longer-than-thirty-five-columns         1B")
	want := []fileEntry{
		{Name: "app", Directory: true}, {Name: "has space", Size: "3B"},
		{Name: "a-name-that-is-longer-than-thirty-five-columns", Size: "1B"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("entry %d = %+v, want %+v", i, got[i], want[i])
		}
	}
}
