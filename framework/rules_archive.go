package framework

import (
	"context"
	"regexp"
)

// What tells the web frameworks of Java apart: the names of the files in the war, one a line.
var (
	grailsJar = regexp.MustCompile(`WEB-INF/lib/grails-web.*\.jar`)
	liftJar   = regexp.MustCompile(`WEB-INF/lib/lift-webkit.*\.jar`)
	springJar = regexp.MustCompile(`WEB-INF/classes/org/springframework|WEB-INF/lib/(?:spring-core|org\.springframework\.core).*\.jar`)
	playJar   = regexp.MustCompile(`lib/play\..*\.jar`)
)

// war finds the Java web application in f: a *.war, or f itself is one, unpacked. file is "" when there is neither.
func (f *folder) war(ctx context.Context) (file, names string) {
	if wars := f.files(ctx, "*.war"); len(wars) > 0 {
		return wars[0], f.entries(wars[0])
	}
	if len(f.files(ctx, "WEB-INF/web.xml")) > 0 {
		return "WEB-INF/web.xml", f.everyName(ctx)
	}
	return "", ""
}

// javaWith wants a name in the war to fit. The first of grails, lift and spring that does is the one, so the order
// of the rules settles an app with several.
func javaWith(tell *regexp.Regexp) asker {
	return func(ctx context.Context, f *folder) answer {
		file, names := f.war(ctx)
		if file == "" {
			return noWar()
		}
		if jar := tell.FindString(names); jar != "" {
			return answer{fits: true, file: file, reason: "it contains " + jar}
		}
		return answer{file: file, reason: file + " is there, but nothing in it fits"}
	}
}

// otherJava fits every Java web application; by its place in the order it gets those that are nothing more special.
func otherJava(ctx context.Context, f *folder) answer {
	file, _ := f.war(ctx)
	if file == "" {
		return noWar()
	}
	return answer{fits: true, file: file, reason: file + " exists"}
}

func noWar() answer { return answer{reason: "there is neither *.war nor WEB-INF/web.xml"} }

// zipOfPlay looks into the first *.zip, as vmc did; the others do not count.
func zipOfPlay(ctx context.Context, f *folder) answer {
	archives := f.files(ctx, "*.zip")
	if len(archives) == 0 {
		return answer{reason: "there is no *.zip"}
	}
	if jar := playJar.FindString(f.entries(archives[0])); jar != "" {
		return answer{fits: true, file: archives[0], reason: "it contains " + jar}
	}
	return answer{file: archives[0], reason: archives[0] + " contains no lib/play.*.jar"}
}
