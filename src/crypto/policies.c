/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate policies of a chain (RFC 5280 6.1). */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"
#include "crypto/internal.h"

/* objects_of - "any policy" is said in words: for libcrypto an empty list wants none */
static STACK_OF(ASN1_OBJECT) * objects_of(const char *const *oids)
{
	static const char *const any[] = { "2.5.29.32.0", NULL };
	STACK_OF(ASN1_OBJECT) *objects = sk_ASN1_OBJECT_new_null();

	for (oids = oids ? oids : any; *oids; oids++) {
		ASN1_OBJECT *object = OBJ_txt2obj(*oids, /* no_name= */ 1);

		if (object)
			sk_ASN1_OBJECT_push(objects, object);
	}
	return objects;
}

/* texts_of - the policies that hold for the user, dotted */
static char **texts_of(const X509_POLICY_TREE *tree)
{
	STACK_OF(X509_POLICY_NODE) *nodes = tree ? X509_policy_tree_get0_user_policies(tree) : NULL;
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();

	for (int i = 0; nodes && i < sk_X509_POLICY_NODE_num(nodes); i++) {
		char text[128];

		OBJ_obj2txt(text, sizeof text,
			X509_policy_node_get0_policy(sk_X509_POLICY_NODE_value(nodes, i)), 1);
		g_strv_builder_add(list, text);
	}
	return g_strv_builder_end(list);
}

bool wax_cert_policies_stand(
	WaxCert *const *chain, unsigned depth, const WaxPolicyQuestion *question, char ***ret_oids)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	STACK_OF(ASN1_OBJECT) *wanted = objects_of(question->oids);
	X509_POLICY_TREE *tree = NULL;
	unsigned flags = (question->explicit_policy ? X509_V_FLAG_EXPLICIT_POLICY : 0) |
			 (question->no_mapping ? X509_V_FLAG_INHIBIT_MAP : 0) |
			 (question->no_any ? X509_V_FLAG_INHIBIT_ANY : 0);
	int is_explicit = 0, code = X509_PCY_TREE_VALID;

	for (unsigned i = 0; i < depth; i++)
		sk_X509_push(certs, wax_crypto_x509(chain[i]));
	if (depth > 1)
		code = X509_policy_check(&tree, &is_explicit, certs, wanted, flags);
	*ret_oids = texts_of(tree);
	X509_policy_tree_free(tree);
	sk_ASN1_OBJECT_pop_free(wanted, ASN1_OBJECT_free);
	sk_X509_free(certs);
	ERR_clear_error();
	return code == X509_PCY_TREE_VALID;
}
