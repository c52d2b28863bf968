package main

import (
	"strings"
	"testing"

	"github.com/minicf/minicf/runtimes"
)

func TestDiagnosisIsOneTableWhateverIsMissing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := &session{terminal: &terminal{out: &out}}
	err := s.printDiagnosis(diagnosis{statuses: []runtimes.Status{
		{Family: "ruby", Found: true, Version: "ruby 3.1.2p20 of a long name", Executable: "/usr/bin/ruby"},
		{Family: "php", Missing: "no program called php"},
		{Family: "java", Found: true, Version: "17", Executable: "/usr/bin/java"},
	}})
	want := "" +
		"ok       ruby  ruby 3.1.2p20 of a long name  /usr/bin/ruby\n" +
		"MISSING  php   no program called php\n" +
		"ok       java  17                            /usr/bin/java\n"
	if err != nil || out.String() != want {
		t.Errorf("the doctor prints %v\n%s\nwant\n%s", err, out.String(), want)
	}
}

func TestDoctorInstallsWhatItKnowsAndNamesTheRest(t *testing.T) {
	t.Parallel()
	families, err := chosenFamilies([]string{"ruby", "php"})
	if err != nil {
		t.Fatal(err)
	}
	alpine := runtimes.Machine{GOOS: "linux", OSRelease: "ID=alpine", Sudo: true}
	d := diagnosis{families: families, statuses: []runtimes.Status{{Family: "ruby"}, {Family: "php"}}, machine: alpine}
	want := "install it with: sudo apk add ruby && sudo gem install --no-document sinatra rackup webrick; " +
		"minicf knows no package of php for this machine: look for one yourself"
	if got := d.advice(); got != want {
		t.Errorf("advice = %s, want %s", got, want)
	}
}
