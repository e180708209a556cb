#include "net/tls.h"

#include <errno.h>
#include <stdlib.h>

#include "net/loop_lws.h"

struct net_tls {
	struct net_identity *identity;
	struct lws_vhost *vhost;
};

static const struct lws_protocols protocols[] = {
	{
		.name = NET_PROTOCOL,
		.callback = net_websocket_event,
		.rx_buffer_size = NET_RECEIVE_BYTES,
		.tx_packet_size = NET_RECORD_BYTES,
	},
	LWS_PROTOCOL_LIST_TERM,
};

static struct lws_vhost *create_vhost(struct net_loop *loop, const struct net_identity *identity)
{
	const struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.vhost_name = NET_PROTOCOL,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_DISABLE_TLS_SESSION_CACHE,
		.connect_timeout_secs = NET_CONNECT_TIMEOUT_S,
		.client_ssl_ca_mem = identity->ca_pem.data,
		.client_ssl_ca_mem_len = (unsigned int)identity->ca_pem.length,
		.client_ssl_cert_mem = identity->certificate_pem.data,
		.client_ssl_cert_mem_len = (unsigned int)identity->certificate_pem.length,
		.client_ssl_key_mem = identity->key_pem.data,
		/* It takes one off and hands the rest to mbedTLS, which wants the end of the text
		 * counted. */
		.client_ssl_key_mem_len = (unsigned int)identity->key_pem.length + 2,
	};

	return lws_create_vhost(net_loop_context(loop), &info);
}

int net_tls_create(struct net_loop *loop, const struct net_identity_files *files,
		   struct net_tls **ret_tls, struct net_fault *ret_fault)
{
	struct net_tls *tls = calloc(1, sizeof(*tls));
	int r;

	if (tls == NULL) {
		*ret_fault = net_fault_make(NET_FAULT_MEMORY, "out of memory");
		return -ENOMEM;
	}
	r = net_identity_load(files, &tls->identity, ret_fault);
	if (r == 0) {
		tls->vhost = create_vhost(loop, tls->identity);
		if (tls->vhost == NULL) {
			*ret_fault = net_fault_make(NET_FAULT_IDENTITY,
						    "%s, %s and %s are no set-up for TLS",
						    files->ca, files->certificate, files->key);
			r = -EINVAL;
		}
	}
	if (r < 0) {
		net_tls_destroy(tls);
		return r;
	}
	*ret_tls = tls;
	return 0;
}

void net_tls_destroy(struct net_tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->vhost != NULL)
		lws_vhost_destroy(tls->vhost);
	net_identity_unref(tls->identity);
	free(tls);
}

struct net_identity *net_tls_identity(const struct net_tls *tls)
{
	return tls->identity;
}

struct lws_vhost *net_tls_vhost(const struct net_tls *tls)
{
	return tls->vhost;
}
