/* The smallest app there is: it listens on the port it was given, and accepts nobody. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const char *port = getenv("VCAP_APP_PORT");
	int s = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_port = htons(port ? atoi(port) : 0);
	if (s < 0 || bind(s, (struct sockaddr *)&at, sizeof at) || listen(s, 1))
		return 1;
	for (;;)
		pause();
}
