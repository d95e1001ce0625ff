"""Pocket's architecture: stock LFM2."""

from __future__ import annotations

from transformers import Lfm2Config, Lfm2ForCausalLM

from sft.pocket.tokenizer import END, PAD, VOCABULARY, WINDOW


def new_model() -> Lfm2ForCausalLM:
    """5.8 million fresh parameters in five layers of hidden size 256, two of them convolutions, three attention.

    Three attention layers rather than two: telling one of several alike passages takes one match more.
    """
    config = Lfm2Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=5,
        num_attention_heads=8,
        num_key_value_heads=8,
        layer_types=["conv", "full_attention", "full_attention", "conv", "full_attention"],
        conv_L_cache=3,
        block_auto_adjust_ff_dim=False,
        max_position_embeddings=WINDOW,
        pad_token_id=PAD,
        bos_token_id=None,
        eos_token_id=END,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )
    return Lfm2ForCausalLM(config).float()
