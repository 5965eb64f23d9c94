<?php
// Reports a sale, in PHP 8. Keep the secret where only the shop's server reads it.
$secret = '{{.Secret}}';
$sale = ['offer_id' => '{{.Offer}}', 'coupon_code' => '{{.Code}}', 'transaction_id' => 'A-1001', 'amount' => '49.90', 'currency' => '{{.Currency}}'];

$body = http_build_query($sale);
$id = 'sale-' . $sale['transaction_id'];
$time = time();
$signature = base64_encode(hash_hmac('sha256', "$id.$time.$body", base64_decode(substr($secret, strlen('whsec_'))), true));
$context = stream_context_create(['http' => [
    'method' => 'POST', 'content' => $body, 'timeout' => 10, 'ignore_errors' => true,
    'header' => ['Content-Type: application/x-www-form-urlencoded', "webhook-id: $id", "webhook-timestamp: $time", "webhook-signature: v1,$signature"],
]]);
echo file_get_contents('{{.URL}}', false, $context), "\n";
